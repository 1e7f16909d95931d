/* CRC-32 (ISO-HDLC, as in zlib), eight bytes at a time: a loss on the way shows at once, even inside a line. */
#include "recorder.h"

#define POLYNOMIAL 0xedb88320u

static uint32_t steps[8][256];

static void prepare(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t sum = i;
    for (int bit = 0; bit < 8; bit++) sum = (sum >> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
    steps[0][i] = sum;
  }
  for (int ahead = 1; ahead < 8; ahead++)
    for (uint32_t i = 0; i < 256; i++) steps[ahead][i] = (steps[ahead - 1][i] >> 8) ^ steps[0][steps[ahead - 1][i] & 255];
}

static uint32_t little_endian(const unsigned char *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint32_t crc32_of(uint32_t sum, const void *bytes, size_t n) {
  const unsigned char *at = bytes;
  if (steps[0][1] == 0) prepare();
  sum = ~sum;
  for (; n >= 8; n -= 8, at += 8) {
    uint32_t low = sum ^ little_endian(at), high = little_endian(at + 4);
    sum = steps[7][low & 255] ^ steps[6][low >> 8 & 255] ^ steps[5][low >> 16 & 255] ^ steps[4][low >> 24] ^
          steps[3][high & 255] ^ steps[2][high >> 8 & 255] ^ steps[1][high >> 16 & 255] ^ steps[0][high >> 24];
  }
  for (; n > 0; n--, at++) sum = (sum >> 8) ^ steps[0][(sum ^ *at) & 255];
  return ~sum;
}
