"""Maps: pages that open in any browser without a network."""
