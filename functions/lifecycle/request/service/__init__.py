"""What AWS accepts: members that are passed on, headers, variables, URLs."""
