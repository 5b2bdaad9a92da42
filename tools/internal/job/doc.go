// Package job starts programs in job objects of Windows. What a program in one starts is
// in it too, cannot leave it, and ends with the last handle to it.
package job
