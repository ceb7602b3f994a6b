// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t -lz -lpng
// RUN: for n in 2 4; do %S/../expect-exit.sh 0 60 %loco-run -n $n --threads 1 %t.O2 || exit 1; done
//
// Libraries that no LOCO compiler has seen, on shared memory: zlib and libpng
// read what other nodes have written, write where others read, and keep their
// own state in the shared heap.

#include "Inputs/check.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <png.h>
#include <string>
#include <vector>
#include <zlib.h>

namespace {

constexpr int Chunks = 12;
constexpr size_t ChunkBytes = 70000;

unsigned char text_at(size_t i) {
  return static_cast<unsigned char>('a' + (i * i / 977 + i / 13) % 26);
}

// Each chunk is made, packed, unpacked and looked at by another thread.
void pack_and_unpack() {
  std::vector<unsigned char> text(Chunks * ChunkBytes), again(text.size());
  std::vector<std::vector<unsigned char>> packed(Chunks);
  z_stream streams[Chunks] = {};
#pragma omp parallel
  {
    const int threads = omp_get_num_threads(), me = omp_get_thread_num();
    // What this thread does in step s.
    auto mine = [&](int chunk, int s) { return (chunk + s) % threads == me; };
    for (int c = 0; c < Chunks; ++c)
      if (mine(c, 0))
        for (size_t i = c * ChunkBytes; i < (c + 1) * ChunkBytes; ++i)
          text[i] = text_at(i);
#pragma omp barrier
    for (int c = 0; c < Chunks; ++c)
      if (mine(c, 1)) {
        packed[c].resize(compressBound(ChunkBytes));
        uLongf bytes = packed[c].size();
        CHECK(compress2(packed[c].data(), &bytes, &text[c * ChunkBytes],
                        ChunkBytes, 6) == Z_OK);
        packed[c].resize(bytes);
      }
#pragma omp barrier
    // Half by one thread, the other half by the next with the same z_stream.
    for (int c = 0; c < Chunks; ++c)
      if (mine(c, 2)) {
        CHECK(inflateInit(&streams[c]) == Z_OK);
        streams[c].next_in = packed[c].data();
        streams[c].avail_in = static_cast<uInt>(packed[c].size());
        streams[c].next_out = &again[c * ChunkBytes];
        streams[c].avail_out = ChunkBytes / 2;
        CHECK(inflate(&streams[c], Z_SYNC_FLUSH) == Z_OK);
      }
#pragma omp barrier
    for (int c = 0; c < Chunks; ++c)
      if (mine(c, 3)) {
        streams[c].avail_out += ChunkBytes - ChunkBytes / 2;
        CHECK(inflate(&streams[c], Z_FINISH) == Z_STREAM_END);
        CHECK(inflateEnd(&streams[c]) == Z_OK);
      }
#pragma omp barrier
    for (int c = 0; c < Chunks; ++c)
      if (mine(c, 4))
        CHECK(memcmp(&text[c * ChunkBytes], &again[c * ChunkBytes],
                     ChunkBytes) == 0);
#pragma omp barrier
    for (size_t i = me; i < again.size(); i += threads)
      CHECK(again[i] == text_at(i));
  }
}

void draw_and_read_back() {
  constexpr int Width = 300, Height = 200;
  std::vector<unsigned char> pixels(Width * Height), read(pixels.size());
#pragma omp parallel for schedule(static, 3)
  for (int y = 0; y < Height; ++y)
    for (int x = 0; x < Width; ++x)
      pixels[y * Width + x] = static_cast<unsigned char>(x * y / 7 + x);
  std::vector<unsigned char> file(1 << 20);
  png_alloc_size_t bytes = file.size();
#pragma omp parallel
  {
    // The last thread writes: on another node than the one that reads.
    if (omp_get_thread_num() == omp_get_num_threads() - 1) {
      png_image image = {};
      image.version = PNG_IMAGE_VERSION;
      image.width = Width;
      image.height = Height;
      image.format = PNG_FORMAT_GRAY;
      CHECK(png_image_write_to_memory(&image, file.data(), &bytes, 0,
                                      pixels.data(), 0, nullptr));
    }
#pragma omp barrier
    if (omp_get_thread_num() == 0) {
      png_image image = {};
      image.version = PNG_IMAGE_VERSION;
      CHECK(png_image_begin_read_from_memory(&image, file.data(), bytes));
      CHECK(image.width == Width && image.height == Height);
      image.format = PNG_FORMAT_GRAY;
      CHECK(png_image_finish_read(&image, nullptr, read.data(), 0, nullptr));
    }
#pragma omp barrier
#pragma omp for schedule(static, 7)
    for (size_t i = 0; i < pixels.size(); ++i)
      CHECK(read[i] == pixels[i]);
  }
}

} // namespace

int main() {
  pack_and_unpack();
  draw_and_read_back();
  puts("ok");
}
