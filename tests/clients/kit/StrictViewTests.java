package bucket;

/** The same tests; a location of a view's own is in the bucket. */
public class StrictViewTests extends strict.StrictViewTests {
  private final Bucket bucket = new Bucket();

  @Override
  protected String viewLocation(String... paths) {
    return bucket.location(paths);
  }
}
