package bucket;

/** The same tests; a location of a view's own is in the bucket. */
public class KitViewTests extends org.apache.iceberg.rest.RESTCompatibilityKitViewCatalogTests {
  private final Bucket bucket = new Bucket();

  @Override
  protected String viewLocation(String... paths) {
    return bucket.location(paths);
  }
}
