"""Numbers of certificate files: `from format_numbers import floats` in helpers of any folder."""


def floats(value):
    """Hexadecimal numbers, anywhere in a document, as floats."""
    if isinstance(value, dict):
        return {key: floats(one) for key, one in value.items()}
    if isinstance(value, list):
        return [floats(one) for one in value]
    return float.fromhex(value) if isinstance(value, str) and "0x" in value else value
