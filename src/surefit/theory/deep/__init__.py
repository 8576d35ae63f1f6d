"""What the results on deep ReLU networks share: the network, its limit, orders and widths."""
