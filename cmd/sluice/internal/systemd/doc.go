// Package systemd speaks with the service manager that has started this process: it says
// how the service is (sd_notify(3)), and takes over sockets that are open already
// (sd_listen_fds(3)). Under anything else it does nothing.
package systemd
