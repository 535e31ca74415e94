"""Cases of the coordination group (会商协调小组): members, votes, signatures, decisions."""
