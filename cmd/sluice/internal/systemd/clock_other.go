//go:build !linux

package systemd

import "time"

// monotonic is for a manager that there is on Linux only.
func monotonic() time.Duration { return 0 }
