"""What field engineers read in their own language: texts in English and French, dates, numbers and lists. Pure."""
