"""What is odd in what a client sends, for the people who connect it. Nothing here decides advice."""
