"""From the bytes of one file to its facts: which objects it holds, which rules they break by themselves, what is skipped and why.

Pure, and a function of the content alone, so that the facts of a blob can be remembered by its id. What depends on other files
(is it a patch? is it applied?) lives in `gitguard.repository`.
"""
