#!/bin/sh
# For every CI system that has nothing of its own here: judge what is checked out against the branch that it goes to.
#
#   gitguard-ci.sh main
#
# The exit code is gitguard's: 0 good, 1 findings, 2 a wrong call, 3 something could not be judged. All but 0 have to fail the build.
set -eu

target=${1:?usage: gitguard-ci.sh BRANCH}
# All of the history: where the change branched off has to be known.
if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
    git fetch --quiet --unshallow origin
fi
git fetch --quiet origin "+refs/heads/$target:refs/remotes/origin/$target"
exec gitguard ci --base "refs/remotes/origin/$target" --report junit=gitguard.xml --report html=gitguard.html
