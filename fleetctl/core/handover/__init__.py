"""Handing a commissioned building over: reserves and their lifting, the report, and what proves that it is genuine."""
