"""Does training do what it says? Every number of an audit, measured again."""
