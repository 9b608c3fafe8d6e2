import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;

/** Java's own client. Without a version it offers HTTP/2 with every first request. `java Client.java PLAN` */
public class Client {
    public static void main(String[] given) throws Exception {
        for (HttpClient client : new HttpClient[] {
                HttpClient.newHttpClient(), HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build() }) {
            for (String row : Files.readAllLines(Path.of(given[0]))) {
                String[] part = row.split("\t", -1); // name, method, url, body, how
                HttpRequest.BodyPublisher body = part[3].isEmpty() ? HttpRequest.BodyPublishers.noBody()
                    : part[4].equals("chunked")
                        ? HttpRequest.BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(part[3].getBytes()))
                        : HttpRequest.BodyPublishers.ofString(part[3]);
                HttpRequest.Builder asked = HttpRequest.newBuilder(URI.create(part[2])).method(part[1], body)
                    .expectContinue(part[4].equals("expect"));
                if (!part[3].isEmpty()) asked.header("Content-Type", "application/json;charset=utf-8");
                HttpResponse<String> got = client.send(asked.build(), HttpResponse.BodyHandlers.ofString());
                System.out.println(part[0] + "\t" + got.statusCode() + "\t" + got.body());
            }
        }
    }
}
