"""From an installer's spreadsheet to changes of what is declared: pure, rows in, changes or problems out."""
