/* The recommended rules but for these, each with its reason. */
export default {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // A matter of taste; ours are lower-case.
    "doctype-style": ["error", { style: "lowercase" }],
    // What Jinja leaves of a line; packed it weighs nothing.
    "no-trailing-whitespace": "off",
    // A button in a form submits it, an input is of text: that is what HTML says.
    "no-implicit-button-type": "off",
    "no-implicit-input-type": "off",
    // A list of rows has many boxes and buttons of one name; the pressed one is sent.
    "form-dup-name": "off",
    // Links that lead on and look like buttons; the space bar works on them, too. The mail's text
    // is a region that can be scrolled by the keyboard; a section could not be a <pre>.
    "prefer-native-element": ["error", { exclude: ["button", "region"] }],
    // A list can be named: ARIA lets every role be that does not forbid it.
    "aria-label-misuse": ["error", { allowAnyNamable: true }],
    // The buttons of a list stand in its rows, and not every list has one for each of its forms.
    "wcag/h32": "off",
    // Firefox keeps ticks over a reload unless told not to.
    "valid-autocomplete": "off",
  },
};
