"""Services: who reaches a facility on foot, who does not, and where the next one should stand."""
