/* Rust's standard library asks Windows for random numbers through bcryptprimitives.dll, which Debian 12's wine (8.0) does not
   have yet: the same numbers from the function that it has. For tests/wine/run alone. */
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID data, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
  return SystemFunction036(data, (ULONG)length);
}
