"""Invoices and credit notes as documents: a page to print, and a PDF where the extra ``pdf`` is installed."""
