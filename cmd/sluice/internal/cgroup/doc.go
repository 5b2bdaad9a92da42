// Package cgroup reads how much memory the control groups of this process leave it, and
// how much of that is in use: version 2 and version 1 of Linux's, as in
// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst. Elsewhere there are
// none.
package cgroup
