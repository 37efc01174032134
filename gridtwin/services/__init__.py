"""Services on foot: who reaches which facility, how good the access is, and where the next one should stand."""
