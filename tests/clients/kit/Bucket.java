package bucket;

import java.util.UUID;

/** Where tests that choose a location put it: in the bucket, since a function shares no folder with them. */
final class Bucket {
  private final String base = System.getProperty("bucket.base") + "/" + UUID.randomUUID();

  String location(String... levels) {
    return base + "/" + String.join("/", levels);
  }
}
