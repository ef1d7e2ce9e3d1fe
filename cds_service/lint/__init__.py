"""What is odd in what a client sends, for those who connect it. Nothing here decides advice."""
