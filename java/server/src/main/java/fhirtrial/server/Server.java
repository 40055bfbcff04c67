package fhirtrial.server;

import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.r4b.JpaR4BConfig;
import ca.uhn.fhir.jpa.config.r5.JpaR5Config;
import ca.uhn.fhir.rest.server.RestfulServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Locale;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A real HAPI FHIR JPA server on loopback:
 * {@code Server R4|R4B|R5 PORT mem|H2-FILE SEARCH-REUSE-MILLIS VALIDATE-REQUESTS} (port 0: any free one).
 * Prints one line "READY BASE-URL ..." on stderr when it answers; ends at the end of stdin, or on SIGTERM.
 */
public final class Server {

  private Server() {}

  public static void main(String[] args) throws Exception {
    System.setOut(System.err); // nobody reads stdout, and a full pipe would block the server
    long start = System.nanoTime();
    Settings wanted = Settings.of(args);
    org.eclipse.jetty.server.Server jetty = new org.eclipse.jetty.server.Server(new QueuedThreadPool(64, 8));
    Settings settings = wanted.withPort(bind(jetty, wanted.port()));
    AnnotationConfigApplicationContext spring = spring(settings);
    serve(jetty, spring.getBean(RestfulServer.class));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(jetty, spring)));
    jetty.start();
    askForMetadata(settings.base());
    System.err.printf(Locale.ROOT, "READY %s %s, %.1f s%n",
        settings.base(), settings.release(), (System.nanoTime() - start) / 1e9);
    System.in.transferTo(OutputStream.nullOutputStream()); // until whoever started us ends
    System.exit(0);
  }

  /** Before Spring starts: a taken port must fail at once, and port 0 must become a number. */
  private static int bind(org.eclipse.jetty.server.Server jetty, int port) throws IOException {
    ServerConnector connector = new ServerConnector(jetty, 1, 1);
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    connector.setIdleTimeout(600_000);
    connector.open();
    jetty.addConnector(connector);
    return connector.getLocalPort();
  }

  private static AnnotationConfigApplicationContext spring(Settings settings) {
    AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    context.registerBean(Settings.class, () -> settings);
    context.register(releaseConfig(settings.release()), ServerConfig.class);
    context.refresh();
    return context;
  }

  private static Class<?> releaseConfig(String release) {
    return switch (release) {
      case "R4" -> JpaR4Config.class;
      case "R4B" -> JpaR4BConfig.class;
      case "R5" -> JpaR5Config.class;
      default -> throw new IllegalArgumentException("R4, R4B or R5, not " + release);
    };
  }

  private static void serve(org.eclipse.jetty.server.Server jetty, RestfulServer fhir) {
    ServletHolder holder = new ServletHolder(fhir);
    holder.setInitOrder(1);
    ServletContextHandler web = new ServletContextHandler("/");
    web.addServlet(holder, "/fhir/*");
    jetty.setHandler(web);
  }

  /** The first answer is slow; whoever waits for READY shall not meet it. */
  private static void askForMetadata(String base) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/metadata")).build();
    HttpResponse<String> answer =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IOException("no metadata: " + answer.body());
  }

  private static void stop(org.eclipse.jetty.server.Server jetty, AnnotationConfigApplicationContext spring) {
    try {
      jetty.stop();
    } catch (Exception ignored) {
      // the process ends anyway, and the database must still be closed
    }
    spring.close();
  }
}
