"""From the facts of single files to one repository: what reaches what, and what Argo CD would make of it.

Pure: no file is read here, and nothing is judged.
"""
