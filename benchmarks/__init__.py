"""Speed, measured as ratios: absolute seconds say more about the machine than about the code."""
