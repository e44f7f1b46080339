// A photograph in, an overlay out: OpenVINO alone, which also reads .onnx files.
//
//   pip install openvino cmake
//   cmake -S . -B build -DOpenVINO_DIR=$(python -c "import openvino.utils as o; print(o.get_cmake_path())")
//   cmake --build build
//   build/openvino_runtime slim.xml photo.ppm overlay.ppm
//
// Pictures are binary PPM files, as `convert photo.jpg photo.ppm` writes them; the
// facts come from the .xml of `segnet export --format openvino`.

#include <array>
#include <cstdio>
#include <fstream>
#include <openvino/openvino.hpp>
#include <regex>
#include <stdexcept>

int main(int count, char** words) try {
    if (count != 4) throw std::runtime_error("usage: openvino_runtime MODEL PHOTO.ppm OUT.ppm");
    std::ifstream file(words[2], std::ios::binary);
    std::string magic;
    size_t width = 0, height = 0, most = 0;
    file >> magic >> width >> height >> most;
    file.get();
    if (magic != "P6" || most != 255 || width * height == 0 || width * height > 128'000'000)
        throw std::runtime_error(std::string(words[2]) + ": no binary PPM of 8 bits");
    std::vector<uint8_t> pixels(3 * width * height);
    if (!file.read(reinterpret_cast<char*>(pixels.data()), pixels.size()))
        throw std::runtime_error(std::string(words[2]) + ": ends too early");

    ov::Core core;
    auto model = core.read_model(words[1]);
    if (!model->has_rt_info("segnet"))
        throw std::runtime_error(std::string(words[1]) + ": no facts; segnet export writes them");
    const auto facts = model->get_rt_info<std::string>("segnet");
    // Id and colour of each class, in the order in which segnet writes them.
    std::array<std::array<uint8_t, 3>, 256> palette{};
    const std::regex row(R"("id": (\d+), "name": "(?:[^"\\]|\\.)*", "colour": \[(\d+), (\d+), (\d+)\])");
    for (std::sregex_iterator found(facts.begin(), facts.end(), row), end; found != end; ++found)
        for (int part = 0; part < 3; ++part)
            palette.at(std::stoul((*found)[1]))[part] = std::stoul((*found)[part + 2]);

    // The photograph is made as large as the network wants it by OpenVINO itself.
    ov::preprocess::PrePostProcessor steps(model);
    steps.input().tensor().set_layout("NHWC").set_shape(ov::Shape{1, height, width, 3});
    steps.input().model().set_layout("NHWC");
    steps.input().preprocess().resize(ov::preprocess::ResizeAlgorithm::RESIZE_LINEAR);
    auto request = core.compile_model(steps.build(), "CPU").create_infer_request();
    request.set_input_tensor(ov::Tensor(ov::element::u8, {1, height, width, 3}, pixels.data()));
    request.infer();

    const auto classes = request.get_tensor("classes");  // (1, H, W) uint8
    const auto rows = classes.get_shape()[1], columns = classes.get_shape()[2];
    for (size_t y = 0; y < height; ++y)
        for (size_t x = 0; x < width; ++x) {
            const auto id = classes.data<uint8_t>()[y * rows / height * columns + x * columns / width];
            for (size_t part = 0; part < 3; ++part) {
                auto& value = pixels[3 * (y * width + x) + part];
                value = (value + palette[id][part]) / 2;
            }
        }
    std::ofstream out(words[3], std::ios::binary);
    out << "P6\n" << width << ' ' << height << "\n255\n";
    out.write(reinterpret_cast<const char*>(pixels.data()), pixels.size());
    if (!out.flush()) throw std::runtime_error(std::string(words[3]) + " cannot be written");
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
