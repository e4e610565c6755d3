"""From an Application to its objects, as Argo CD's repo server makes them: which files are read, which tool is run how, and what came out.

Pure: nothing is started and nothing written here; `gitguard.edges.renderer` does that.
"""
