"""Charts as pictures for slides and papers: their sizes, the words that go with them, and what their files hold."""
