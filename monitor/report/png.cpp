#include "monitor/report/png.h"

#include <png.h>

#include <cassert>
#include <stdexcept>

namespace monitor::report {
namespace {

void AppendBytes(png_structp png, png_bytep data, png_size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(data), size);
}

[[noreturn]] void Fail(png_structp, png_const_charp message) {
  throw std::runtime_error(std::string("PNG: ") + message);
}

void Ignore(png_structp, png_const_charp) {}

}  // namespace

std::string EncodePng(const cv::Mat& image) {
  assert(image.type() == CV_8UC1 || image.type() == CV_8UC3);
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, Fail, Ignore);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, AppendBytes, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.cols),
               static_cast<png_uint_32>(image.rows), 8,
               image.channels() == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < image.rows; ++y) {
    png_write_row(png, const_cast<png_bytep>(image.ptr<png_byte>(y)));
  }
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace monitor::report
