package bucket;

import org.apache.iceberg.catalog.TableIdentifier;

/** The same tests; a location of a table's own is in the bucket, and another one in every test: what is dropped keeps its place for as long as it can be undropped. */
public class KitCatalogTests extends org.apache.iceberg.rest.RESTCompatibilityKitCatalogTests {
  private final Bucket bucket = new Bucket();

  @Override
  protected String baseTableLocation(TableIdentifier table) {
    return bucket.location(table.namespace().toString(), table.name());
  }
}
