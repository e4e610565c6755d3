"""Argo CD's own rules, restated as pure functions over frozen values: no I/O, no findings, no opinion.

Where Argo CD permits what a reader of the YAML would think denied, these functions permit it too.
"""
