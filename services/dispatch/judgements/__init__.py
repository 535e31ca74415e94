"""Answering the clock: was a step done in time? (C3)"""
