"""Reports to text, one file a format. Pure: what is printed where is decided in the command line's skin."""
