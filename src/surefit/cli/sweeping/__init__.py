"""What `surefit sweep` shows: progress, the law so far, and what came out."""
