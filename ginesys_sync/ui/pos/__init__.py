"""The store's window: Administration > Data Exchange, Back Office > HO Control."""
