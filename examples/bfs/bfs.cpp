// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bfs - breadth-first search in a graph given as a list of edges: how many
// steps every vertex is from the source, by whom it was reached, and how many
// vertices each level has.
//
//   bfs [options] edges.txt
//   bfs [options] --random VERTICES

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <getopt.h>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Graph = std::vector<std::vector<int>>;

void add_edge(Graph &graph, int a, int b, bool directed) {
  graph[a].push_back(b);
  if (!directed && a != b)
    graph[b].push_back(a);
}

Graph read_edges(const std::string &path, bool directed) {
  std::ifstream in(path);
  if (!in)
    throw std::runtime_error(path + ": cannot open");
  Graph graph;
  std::string line;
  for (long number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line[0] == '#')
      continue;
    std::istringstream words(line);
    long a, b;
    std::string rest;
    if (!(words >> a >> b) || (words >> rest) || a < 0 || b < 0 ||
        std::max(a, b) > 100'000'000)
      throw std::runtime_error(path + ":" + std::to_string(number) +
                               ": not an edge: '" + line + "'");
    if (graph.size() <= static_cast<size_t>(std::max(a, b)))
      graph.resize(std::max(a, b) + 1);
    add_edge(graph, static_cast<int>(a), static_cast<int>(b), directed);
  }
  if (graph.empty())
    throw std::runtime_error(path + ": no edges");
  return graph;
}

// A ring, so that all is reachable, and eight random edges a vertex.
Graph random_graph(int vertices, unsigned seed, bool directed) {
  Graph graph(vertices);
  std::mt19937 random(seed);
  for (int v = 0; v < vertices; ++v) {
    add_edge(graph, v, (v + 1) % vertices, directed);
    if (v % 16 == 0)
      for (int i = 0; i < 8; ++i)
        add_edge(graph, v, static_cast<int>(random() % vertices), directed);
  }
  return graph;
}

void sort_neighbours(Graph &graph) {
#pragma omp parallel for schedule(dynamic, 256)
  for (size_t v = 0; v < graph.size(); ++v) {
    std::vector<int> &list = graph[v];
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
}

class Search {
public:
  Search(const Graph &graph, int source);

  void run();

  int distance(int v) const { return distances[v].load(); }
  int parent(int v) const { return parents[v].load(); }
  const std::vector<size_t> &level_sizes() const { return sizes; }
  int64_t edges_seen() const { return edges; }

private:
  void expand(int v, int level, std::vector<int> &next);

  const Graph &graph;
  std::unique_ptr<std::atomic<int>[]> distances; // -1: not reached
  std::unique_ptr<std::atomic<int>[]> parents;
  std::vector<int> frontier;
  std::vector<size_t> sizes;
  int64_t edges = 0;
};

Search::Search(const Graph &graph, int source)
    : graph(graph), distances(new std::atomic<int>[graph.size()]),
      parents(new std::atomic<int>[graph.size()]) {
#pragma omp parallel for schedule(static)
  for (size_t v = 0; v < graph.size(); ++v) {
    distances[v].store(-1, std::memory_order_relaxed);
    parents[v].store(-1, std::memory_order_relaxed);
  }
  distances[source] = 0;
  parents[source] = source;
  frontier.push_back(source);
}

// Looks at the neighbours of v. The first to reach one puts it into the next
// frontier; of all who could have been first the smallest becomes its parent.
void Search::expand(int v, int level, std::vector<int> &next) {
  for (int w : graph[v]) {
    int seen = distances[w].load(std::memory_order_relaxed);
    if (seen == -1 && distances[w].compare_exchange_strong(seen, level + 1)) {
      next.push_back(w);
      seen = level + 1;
    }
    if (seen == level + 1) {
      int parent = parents[w].load(std::memory_order_relaxed);
      while ((parent == -1 || v < parent) &&
             !parents[w].compare_exchange_weak(parent, v))
        ;
    }
  }
}

void Search::run() {
  for (int level = 0; !frontier.empty(); ++level) {
    sizes.push_back(frontier.size());
    std::vector<int> next;
    const long size = static_cast<long>(frontier.size());
#pragma omp parallel
    {
      std::vector<int> mine;
      int64_t my_edges = 0;
#pragma omp for schedule(dynamic, 64) nowait
      for (long i = 0; i < size; ++i) {
        expand(frontier[i], level, mine);
        my_edges += static_cast<int64_t>(graph[frontier[i]].size());
      }
#pragma omp atomic
      edges += my_edges;
#pragma omp critical
      next.insert(next.end(), mine.begin(), mine.end());
    }
    frontier = std::move(next);
  }
}

void print_usage(std::ostream &out) {
  out << "usage: bfs [options] edges.txt\n"
         "       bfs [options] --random VERTICES\n"
         "Breadth-first search; an edge is a line with two vertex numbers.\n"
         "  -s, --source V    where to start (0)\n"
         "  -d, --directed    edges lead from the first to the second only\n"
         "  -r, --random N    a random graph of N vertices instead of a file\n"
         "  -S, --seed S      of the random graph (1)\n"
         "  -o, --output FILE write 'vertex distance parent' lines\n"
         "  -h, --help        this text\n";
}

void write_result(const Search &search, int vertices, const std::string &path) {
  std::ofstream out(path);
  for (int v = 0; v < vertices; ++v)
    out << v << ' ' << search.distance(v) << ' ' << search.parent(v) << '\n';
  if (!out)
    throw std::runtime_error(path + ": cannot write");
}

} // namespace

int main(int argc, char **argv) {
  static const option LongOptions[] = {
      {"source", required_argument, nullptr, 's'},
      {"directed", no_argument, nullptr, 'd'},
      {"random", required_argument, nullptr, 'r'},
      {"seed", required_argument, nullptr, 'S'},
      {"output", required_argument, nullptr, 'o'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  int source = 0;
  bool directed = false;
  int random_vertices = 0;
  unsigned seed = 1;
  std::string output;
  for (int c; (c = getopt_long(argc, argv, "s:dr:S:o:h", LongOptions,
                               nullptr)) != -1;) {
    switch (c) {
    case 's':
      source = std::atoi(optarg);
      break;
    case 'd':
      directed = true;
      break;
    case 'r':
      random_vertices = std::atoi(optarg);
      break;
    case 'S':
      seed = static_cast<unsigned>(std::strtoul(optarg, nullptr, 10));
      break;
    case 'o':
      output = optarg;
      break;
    case 'h':
      print_usage(std::cout);
      return 0;
    default:
      print_usage(std::cerr);
      return 2;
    }
  }
  if (argc - optind != (random_vertices > 0 ? 0 : 1)) {
    print_usage(std::cerr);
    return 2;
  }

  try {
    Graph graph = random_vertices > 0
                      ? random_graph(random_vertices, seed, directed)
                      : read_edges(argv[optind], directed);
    const int vertices = static_cast<int>(graph.size());
    if (source < 0 || source >= vertices)
      throw std::runtime_error("there is no vertex " + std::to_string(source));
    sort_neighbours(graph);

    Search search(graph, source);
    search.run();

    int64_t sum = 0;
    int64_t parent_sum = 0;
    int reached = 0;
#pragma omp parallel for reduction(+ : sum, parent_sum, reached)
    for (int v = 0; v < vertices; ++v)
      if (search.distance(v) >= 0) {
        ++reached;
        sum += search.distance(v);
        parent_sum += search.parent(v);
      }
    const std::vector<size_t> &levels = search.level_sizes();
    std::cout << vertices << " vertices, " << reached << " reached from "
              << source << ", " << search.edges_seen() << " edges looked at\n";
    for (size_t level = 0; level < levels.size(); ++level)
      std::cout << "level " << level << ": " << levels[level] << '\n';
    std::cout << "sum of distances " << sum << ", of parents " << parent_sum
              << '\n';
    if (!output.empty())
      write_result(search, vertices, output);
  } catch (const std::exception &e) {
    std::cerr << "bfs: " << e.what() << '\n';
    return 1;
  }
}
