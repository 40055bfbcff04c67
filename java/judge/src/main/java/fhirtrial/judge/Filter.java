package fhirtrial.judge;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;

/** NDJSON in, NDJSON out: line i of the output answers line i of the input, and is flushed at once. */
final class Filter {

  private static final FutureTask<String> END = new FutureTask<>(() -> "");

  private Filter() {}

  static void run(List<Engine> engines, InputStream in, PrintStream out) throws Exception {
    BlockingQueue<Engine> idle = new LinkedBlockingQueue<>(engines);
    BlockingQueue<Future<String>> answers = new ArrayBlockingQueue<>(engines.size() * 4);
    ExecutorService pool = Executors.newFixedThreadPool(engines.size());
    Thread writer = new Thread(() -> write(answers, out));
    writer.start();
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), 1 << 16);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String json = line;
      answers.put(pool.submit(() -> answer(idle, json)));
    }
    answers.put(END);
    writer.join();
    pool.shutdown();
  }

  private static String answer(BlockingQueue<Engine> idle, String json) throws InterruptedException {
    Engine engine = idle.take();
    try {
      return engine.answer(json);
    } finally {
      idle.put(engine);
    }
  }

  private static void write(BlockingQueue<Future<String>> answers, PrintStream stdout) {
    PrintStream out = new PrintStream(stdout, false, StandardCharsets.UTF_8);
    try {
      for (Future<String> next = answers.take(); next != END; next = answers.take()) {
        out.print(next.get());
        out.print('\n');
        out.flush();
      }
    } catch (Exception thrown) {
      thrown.printStackTrace();
      Runtime.getRuntime().halt(4); // out of memory, or nobody reads: better no answer than a wrong order
    }
  }
}
