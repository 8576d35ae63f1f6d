"""The few concepts that everything else is made of; imports nothing above itself."""
