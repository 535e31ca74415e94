"""Attachments: files of callers and units, kept once by their content, never lost by a retry."""
