/* Text and JSON into a fixed buffer: nothing is allocated while the engine waits. */
#include "recorder.h"

void put_bytes(struct buf *b, const char *bytes, size_t n) {
  if (b->cap - b->len < n) {
    b->overflow = true;
    return;
  }
  memcpy(b->at + b->len, bytes, n);
  b->len += n;
}

void put_raw(struct buf *b, const char *text) { put_bytes(b, text, strlen(text)); }

void put_char(struct buf *b, char c) { put_bytes(b, &c, 1); }

void put_int(struct buf *b, long long value) {
  char digits[24];
  size_t at = sizeof digits;
  unsigned long long rest = value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value;
  do digits[--at] = (char)('0' + rest % 10);
  while ((rest /= 10) != 0);
  if (value < 0) digits[--at] = '-';
  put_bytes(b, digits + at, sizeof digits - at);
}

void put_ms(struct buf *b, uint64_t ns) {
  uint64_t us = ns / 1000;
  char fraction[4] = {'.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10), (char)('0' + us % 10)};
  put_int(b, (long long)(us / 1000));
  put_bytes(b, fraction, sizeof fraction);
}

/* Length of the valid UTF-8 sequence at s, or 0: overlong forms, surrogates and values past U+10FFFF are not. */
static size_t utf8_length(const unsigned char *s, size_t n) {
  unsigned char c = s[0];
  size_t want = c < 0x80 ? 1 : c >= 0xC2 && c <= 0xDF ? 2 : (c & 0xF0) == 0xE0 ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
  if (want == 0 || want > n) return 0;
  for (size_t i = 1; i < want; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if (c == 0xE0 && s[1] < 0xA0) return 0;
  if (c == 0xED && s[1] > 0x9F) return 0;
  if (c == 0xF0 && s[1] < 0x90) return 0;
  if (c == 0xF4 && s[1] > 0x8F) return 0;
  return want;
}

void put_string(struct buf *b, const char *bytes, size_t n) {
  static const char hex[] = "0123456789abcdef";
  const unsigned char *s = (const unsigned char *)bytes;
  put_char(b, '"');
  for (size_t i = 0; i < n;) {
    unsigned char c = s[i];
    size_t run = i;
    while (run < n && s[run] >= 0x20 && s[run] < 0x7F && s[run] != '"' && s[run] != '\\') run++;
    if (run > i) {
      put_bytes(b, bytes + i, run - i);
      i = run;
      continue;
    }
    size_t length = utf8_length(s + i, n - i);
    if (c == '"' || c == '\\') {
      char pair[2] = {'\\', (char)c};
      put_bytes(b, pair, 2);
      i++;
    } else if (length == 0) {
      char escape[6] = {'\\', 'u', 'd', 'c', hex[c >> 4], hex[c & 15]};
      put_bytes(b, escape, 6);
      i++;
    } else if (c < 0x20 || c == 0x7F) {
      char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      put_bytes(b, escape, 6);
      i++;
    } else {
      put_bytes(b, bytes + i, length);
      i += length;
    }
  }
  put_char(b, '"');
}

void put_key(struct buf *b, const char *key) {
  if (b->len > 0 && b->at[b->len - 1] != '{') put_char(b, ',');
  put_char(b, '"');
  put_raw(b, key);
  put_raw(b, "\":");
}

void put_key_string(struct buf *b, const char *key, const char *value) {
  put_key(b, key);
  put_string(b, value, strlen(value));
}

void put_key_int(struct buf *b, const char *key, long long value) {
  put_key(b, key);
  put_int(b, value);
}
