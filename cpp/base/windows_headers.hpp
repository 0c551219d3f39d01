// The system's own header with as few of its macros as it can do with; only for sources that are
// for Windows in part or as a whole.
#pragma once

#ifndef NOMINMAX
#define NOMINMAX
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>
