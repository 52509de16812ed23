/* message.h: the size of a failure's message, for code that copies one between threads. */
#ifndef VG_BASE_MESSAGE_H
#define VG_BASE_MESSAGE_H

/* Room for two very long paths and a sentence. */
#define VG_MESSAGE_MAX 2048

#endif
