import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;
import software.amazon.event.ruler.Patterns;

/**
 * Reads lines "PATTERN EVENT", both in base64, and prints what event-ruler says about
 * each: "match", "none", or "refused" if it refuses the pattern. An event that it refuses
 * is "none". With the argument "split" it makes a machine for each choice of one value
 * from every list, of which any may match; or of one kind of values, if these are too many.
 */
public final class Oracle {
  private static final int MAX_CHOICES = 2000;

  private final List<Machine> machines = new ArrayList<>();

  public static void main(String[] args) throws Exception {
    boolean split = args.length > 0 && args[0].equals("split");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, "UTF-8");
    String last = null;
    Oracle oracle = null;
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] pair = line.split(" ", -1);
      if (!pair[0].equals(last)) {
        last = pair[0];
        oracle = compile(text(pair[0]), split);
      }
      out.println(oracle == null ? "refused" : oracle.matches(text(pair[1])) ? "match" : "none");
    }
    out.flush();
  }

  private static String text(String base64) {
    return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
  }

  /** Without the library's fallback, which takes a faulty $or for the name of a field. */
  private static Oracle compile(String pattern, boolean split) {
    try {
      Oracle oracle = new Oracle();
      Machine whole = Machine.builder().build();
      for (Map<String, List<Patterns>> rule : JsonRuleCompiler.compile(pattern, false)) {
        whole.addPatternRule("rule", rule);
        if (split) {
          oracle.addChoices(rule, new HashMap<>(), new ArrayList<>(rule.keySet()));
        }
      }
      if (!split) {
        oracle.machines.add(whole);
      }
      return oracle;
    } catch (Exception | Error e) {
      return null;
    }
  }

  private void addChoices(Map<String, List<Patterns>> rule, Map<String, List<Patterns>> choice, List<String> fields) {
    if (fields.isEmpty()) {
      Machine machine = Machine.builder().build();
      machine.addPatternRule("rule", choice);
      machines.add(machine);
      return;
    }
    long choices = 1;
    for (List<Patterns> values : rule.values()) {
      choices *= values.size();
    }
    Map<String, List<Patterns>> kinds = new HashMap<>();
    for (Patterns value : rule.get(fields.get(0))) {
      String kind = choices > MAX_CHOICES ? kind(value) : value.toString();
      kinds.computeIfAbsent(kind, k -> new ArrayList<>()).add(value);
    }
    for (List<Patterns> values : kinds.values()) {
      Map<String, List<Patterns>> more = new HashMap<>(choice);
      more.put(fields.get(0), values);
      addChoices(rule, more, fields.subList(1, fields.size()));
    }
  }

  private static String kind(Patterns value) {
    switch (value.type()) {
      case NUMERIC_EQ:
      case NUMERIC_RANGE:
        return "number or address";
      case ABSENT:
      case EXISTS:
        return "exists";
      default:
        return "text";
    }
  }

  private boolean matches(String event) {
    for (Machine machine : machines) {
      try {
        if (!machine.rulesForJSONEvent(event).isEmpty()) {
          return true;
        }
      } catch (Exception e) {
        return false;
      }
    }
    return false;
  }
}
