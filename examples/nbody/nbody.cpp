// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nbody - bodies of several kinds under gravity. Each body is an object of its
// own; what acts on it besides gravity depends on its class. The scene is a
// text file with a line a body:
//
//   star   NAME MASS  X Y Z  VX VY VZ
//   planet NAME MASS  X Y Z  VX VY VZ
//   probe  NAME MASS  X Y Z  VX VY VZ  THRUST
//   cloud  COUNT SEED RADIUS              (many light planets on circular
//   orbits)
//
//   nbody [options] scene.txt

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <getopt.h>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Vec3 {
  double x = 0, y = 0, z = 0;

  Vec3 &operator+=(const Vec3 &o) {
    x += o.x;
    y += o.y;
    z += o.z;
    return *this;
  }
};
Vec3 operator-(const Vec3 &a, const Vec3 &b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
Vec3 operator*(double s, const Vec3 &v) { return {s * v.x, s * v.y, s * v.z}; }
double dot(const Vec3 &a, const Vec3 &b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

// The law of attraction: the factor of the distance vector, from the square
// of the distance.
using ForceLaw = double (*)(double squared_distance);

double softening_squared() {
  // Computed when the first thread needs it.
  static const double squared = [] {
    const char *text = std::getenv("NBODY_SOFTENING");
    const double softening = text ? std::atof(text) : 0.01;
    return softening * softening;
  }();
  return squared;
}

double newton(double squared_distance) {
  const double r2 = squared_distance + softening_squared();
  return 1 / (r2 * std::sqrt(r2));
}

double yukawa(double squared_distance) {
  const double r2 = squared_distance + softening_squared();
  const double r = std::sqrt(r2);
  // A rational stand-in for the exponential keeps the result exact everywhere.
  const double screening = 1 / (1 + 0.05 * r + 0.00125 * r2);
  return screening / (r2 * r);
}

double harmonic(double) { return 1e-3; }

struct NamedLaw {
  const char *name;
  ForceLaw law;
};
const NamedLaw Laws[] = {
    {"newton", newton}, {"yukawa", yukawa}, {"harmonic", harmonic}};

ForceLaw find_law(const std::string &name) {
  for (const NamedLaw &candidate : Laws)
    if (name == candidate.name)
      return candidate.law;
  throw std::runtime_error("unknown force law '" + name + "'");
}

// ----------------------------------------------------------------- bodies

class Body {
public:
  Body(std::string name, double mass, const Vec3 &position,
       const Vec3 &velocity)
      : name(std::move(name)), mass(mass), position(position),
        velocity(velocity) {}
  virtual ~Body() = default;

  virtual const char *kind() const = 0;
  // What acts on the body besides gravity.
  virtual Vec3 own_acceleration() const { return {}; }
  virtual bool moves() const { return true; }

  const std::string name;
  const double mass;
  Vec3 position;
  Vec3 velocity;
  Vec3 acceleration;
};

class Star : public Body {
public:
  using Body::Body;
  const char *kind() const override { return "star"; }
  bool moves() const override { return false; }
};

class Planet : public Body {
public:
  using Body::Body;
  const char *kind() const override { return "planet"; }
};

class Probe : public Body {
public:
  Probe(std::string name, double mass, const Vec3 &position,
        const Vec3 &velocity, double thrust)
      : Body(std::move(name), mass, position, velocity), thrust(thrust) {}
  const char *kind() const override { return "probe"; }
  Vec3 own_acceleration() const override {
    const double speed = std::sqrt(dot(velocity, velocity));
    return speed > 0 ? (thrust / mass / speed) * velocity : Vec3();
  }

private:
  double thrust;
};

class System {
public:
  void add(Body *body) { bodies.emplace_back(body); }
  size_t size() const { return bodies.size(); }
  void step(ForceLaw law, double dt);
  double kinetic_energy() const;
  Vec3 momentum() const;
  void print(std::ostream &out, size_t most) const;

private:
  void accelerate(ForceLaw law);

  std::vector<std::unique_ptr<Body>> bodies;
};

void System::accelerate(ForceLaw law) {
  const int n = static_cast<int>(bodies.size());
#pragma omp parallel for schedule(guided)
  for (int i = 0; i < n; ++i) {
    Body &body = *bodies[i];
    if (!body.moves())
      continue;
    Vec3 sum = body.own_acceleration();
    for (int j = 0; j < n; ++j) {
      if (j == i)
        continue;
      const Vec3 way = bodies[j]->position - body.position;
      sum += bodies[j]->mass * law(dot(way, way)) * way;
    }
    body.acceleration = sum;
  }
}

void System::step(ForceLaw law, double dt) {
  accelerate(law);
  const int n = static_cast<int>(bodies.size());
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; ++i) {
    Body &body = *bodies[i];
    if (!body.moves())
      continue;
    body.velocity += dt * body.acceleration;
    body.position += dt * body.velocity;
  }
}

#pragma omp declare reduction(+ : Vec3 : omp_out += omp_in)                    \
    initializer(omp_priv = Vec3())

double System::kinetic_energy() const {
  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (size_t i = 0; i < bodies.size(); ++i)
    sum +=
        0.5 * bodies[i]->mass * dot(bodies[i]->velocity, bodies[i]->velocity);
  return sum;
}

Vec3 System::momentum() const {
  Vec3 sum;
#pragma omp parallel for reduction(+ : sum)
  for (size_t i = 0; i < bodies.size(); ++i)
    sum += bodies[i]->mass * bodies[i]->velocity;
  return sum;
}

void System::print(std::ostream &out, size_t most) const {
  char line[160];
  for (size_t i = 0; i < bodies.size() && i < most; ++i) {
    const Body &body = *bodies[i];
    std::snprintf(line, sizeof line, "%-6s %-10s %11.6f %11.6f %11.6f\n",
                  body.kind(), body.name.c_str(), body.position.x,
                  body.position.y, body.position.z);
    out << line;
  }
}

// ------------------------------------------------------------------ scene

// Numbers in [0, 1) that are the same on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed * 2 + 1) {}
  double next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<double>(state >> 11) / 9007199254740992.0;
  }

private:
  uint64_t state;
};

// Each body is made by the thread that gets it, and added in order.
void add_cloud(System &system, int count, uint64_t seed, double radius) {
#pragma omp parallel for ordered schedule(static, 16)
  for (int i = 0; i < count; ++i) {
    Random random(seed * 1000003 + static_cast<uint64_t>(i));
    random.next();
    double x, y, r2;
    do {
      x = 2 * random.next() - 1;
      y = 2 * random.next() - 1;
      r2 = x * x + y * y;
    } while (r2 > 1 || r2 < 0.04);
    const double r = radius * std::sqrt(r2);
    const double speed = std::sqrt(1000 / r);
    const double length = std::sqrt(r2);
    Body *body = new Planet(
        "cloud" + std::to_string(i), 1e-3 * (1 + random.next()),
        {radius * x, radius * y, 0.1 * radius * (random.next() - 0.5)},
        {-speed * y / length, speed * x / length, 0});
#pragma omp ordered
    system.add(body);
  }
}

void read_scene(System &system, const std::string &path) {
  std::ifstream in(path);
  if (!in)
    throw std::runtime_error(path + ": cannot open");
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line);
    std::string kind, name;
    if (!(words >> kind) || kind[0] == '#')
      continue;
    auto check = [&] {
      if (!words)
        throw std::runtime_error(path + ":" + std::to_string(number) +
                                 ": bad line '" + line + "'");
    };
    if (kind == "cloud") {
      int count;
      uint64_t seed;
      double radius;
      words >> count >> seed >> radius;
      check();
      add_cloud(system, count, seed, radius);
      continue;
    }
    double mass;
    Vec3 p, v;
    words >> name >> mass >> p.x >> p.y >> p.z >> v.x >> v.y >> v.z;
    check();
    if (kind == "star") {
      system.add(new Star(name, mass, p, v));
    } else if (kind == "planet") {
      system.add(new Planet(name, mass, p, v));
    } else if (kind == "probe") {
      double thrust;
      words >> thrust;
      check();
      system.add(new Probe(name, mass, p, v, thrust));
    } else {
      throw std::runtime_error(path + ":" + std::to_string(number) +
                               ": unknown kind of body '" + kind + "'");
    }
  }
  if (system.size() == 0)
    throw std::runtime_error(path + ": no bodies");
}

void print_usage(std::ostream &out) {
  out << "usage: nbody [options] scene.txt\n"
         "Moves bodies under gravity and prints where they are.\n"
         "  -n, --steps N    steps to do (100)\n"
         "  -t, --dt T       length of a step (0.001)\n"
         "  -l, --law NAME   newton, yukawa or harmonic (newton)\n"
         "  -c, --cloud N    add a cloud of N more bodies (0)\n"
         "  -p, --print N    bodies to print (20)\n"
         "  -h, --help       this text\n";
}

} // namespace

int main(int argc, char **argv) {
  static const option LongOptions[] = {
      {"steps", required_argument, nullptr, 'n'},
      {"dt", required_argument, nullptr, 't'},
      {"law", required_argument, nullptr, 'l'},
      {"cloud", required_argument, nullptr, 'c'},
      {"print", required_argument, nullptr, 'p'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  int steps = 100;
  double dt = 0.001;
  std::string law_name = "newton";
  int cloud = 0;
  int most = 20;
  for (int c; (c = getopt_long(argc, argv, "n:t:l:c:p:h", LongOptions,
                               nullptr)) != -1;) {
    switch (c) {
    case 'n':
      steps = std::atoi(optarg);
      break;
    case 't':
      dt = std::atof(optarg);
      break;
    case 'l':
      law_name = optarg;
      break;
    case 'c':
      cloud = std::atoi(optarg);
      break;
    case 'p':
      most = std::atoi(optarg);
      break;
    case 'h':
      print_usage(std::cout);
      return 0;
    default:
      print_usage(std::cerr);
      return 2;
    }
  }
  if (argc - optind != 1 || steps < 0 || !(dt > 0) || cloud < 0 || most < 0) {
    print_usage(std::cerr);
    return 2;
  }

  try {
    const ForceLaw law = find_law(law_name);
    System system;
    read_scene(system, argv[optind]);
    if (cloud > 0)
      add_cloud(system, cloud, 77, 20);
    char line[160];
    std::snprintf(line, sizeof line, "%zu bodies, kinetic energy %.4f\n",
                  system.size(), system.kinetic_energy());
    std::cout << line;
    for (int i = 0; i < steps; ++i)
      system.step(law, dt);
    system.print(std::cout, static_cast<size_t>(most));
    const Vec3 p = system.momentum();
    std::snprintf(line, sizeof line,
                  "kinetic energy %.4f, momentum %.4f %.4f %.4f\n",
                  system.kinetic_energy(), p.x, p.y, p.z);
    std::cout << line;
  } catch (const std::exception &e) {
    std::cerr << "nbody: " << e.what() << '\n';
    return 1;
  }
}
