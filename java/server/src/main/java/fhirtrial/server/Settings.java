package fhirtrial.server;

import java.nio.file.Path;

/** What a person or a test may choose; the rest follows HAPI's own starter project. */
record Settings(String release, int port, String database, long searchReuseMillis, boolean validateRequests) {

  static Settings of(String[] args) {
    return new Settings(
        args[0], Integer.parseInt(args[1]), args[2], Long.parseLong(args[3]), Boolean.parseBoolean(args[4]));
  }

  Settings withPort(int bound) {
    return new Settings(release, bound, database, searchReuseMillis, validateRequests);
  }

  String base() {
    return "http://127.0.0.1:" + port + "/fhir";
  }

  String jdbcUrl() {
    String place = database.equals("mem") ? "mem:hapi" : "file:" + Path.of(database).toAbsolutePath();
    return "jdbc:h2:" + place + ";DB_CLOSE_DELAY=-1;DB_CLOSE_ON_EXIT=FALSE";
  }
}
