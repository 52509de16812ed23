/* message.h: room for one failure's message, for whoever must carry one between threads. */
#ifndef VG_BASE_MESSAGE_H
#define VG_BASE_MESSAGE_H

/* Two of the longest paths that people really have, and a sentence. */
#define VG_MESSAGE_MAX 2048

#endif
