/* bus_error.h: ends the program with one line when a file that it has mapped becomes shorter.
 *
 * Only the cache of prepared cases, and the program's own libraries, are mapped. A process that shortens such
 * a file, or a disk that fails, causes SIGBUS at the next access: there is no errno, and no call that could
 * return it.
 */
#ifndef VG_BUS_ERROR_H
#define VG_BUS_ERROR_H

/* For programs: the line begins with "voxgan COMMAND: " (borrowed), and the exit code is that of VG_IO. */
void vg_bus_error_install(const char *command);

#endif
